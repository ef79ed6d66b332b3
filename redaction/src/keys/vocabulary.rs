//! The words themselves, in a dozen languages, and the table they are looked up in. The table is made by the compiler,
//! so that the first call costs no more than any other. Words are written lower-case and without diacritics, a phrase
//! with spaces; a plural with `s` is known with its singular.

use crate::kind::Kind;
use crate::shape::Shape;

/// What a key with certain words holds, if the value can be that. Of several, the first counts.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    pub(crate) kind: Kind,
    pub(crate) shape: Shape,
}

const fn told(kind: Kind, shape: Shape, words: &'static str) -> (Told, &'static str) {
    (Told { kind, shape }, words)
}

/// What keys tell. Without the words, which only the compiler needs.
pub(crate) static TOLD: [Told; TOLD_WORDS.len()] = told_without_words();

#[expect(clippy::indexing_slicing, reason = "runs in the compiler, which checks it")]
const fn told_without_words() -> [Told; TOLD_WORDS.len()] {
    let mut told = [TOLD_WORDS[0].0; TOLD_WORDS.len()];
    let mut at = 0;
    while at < told.len() {
        told[at] = TOLD_WORDS[at].0;
        at += 1;
    }
    told
}

#[rustfmt::skip]
const TOLD_WORDS: &[(Told, &str)] = &[
    told(Kind::Email, Shape::Address, "email,e mail,emailaddress,emailaddr,emailadresse,mailaddress,mail address,login hint,epost,e post,\
        epostadress,e postadress,courriel,email adresse,useremail,adresse mail,adresse email,correo electronico,correoelectronico,\
        posta elettronica,adres email,adresemail,emailid,メールアドレス,メール,почта,邮箱,电子邮件,이메일,ईमेल"),
    told(Kind::Email, Shape::Mail, "mail,correo,posta,poczta"),

    told(Kind::Password, Shape::Any, "password,passwd,passphrase,passcode,pwd,passwort,kennwort,wachtwoord,senha,contrasena,mot de passe,\
        motdepasse,mdp,haslo,losenord,adgangskode,passord,salasana,palavra passe,palavra chave,clave de acceso,parola d ordine,passwordhash,\
        security answer,secret answer,security question answer,userpass,пароль,パスワード,密码,密碼,비밀번호,पासवर्ड,parola,sifre"),
    told(Kind::Password, Shape::Loose, "pass,clave,pw"),
    told(Kind::Password, Shape::Pin, "pin,pincode,pin code,pinnumber,geheimzahl,暗証番号"),
    told(Kind::Password, Shape::Code, "otp,totp,mfa,mfacode,2fa,tan,one time code,verification code,verificationcode,sms code,smscode,auth code,\
        onetimecode,one time password,otpcode,confirmation code,passkey,backup code,recovery code,bestatigungscode,codigo de verificacion"),

    told(Kind::CardCode, Shape::Digits(3), "cvv,cvc,cvv2,cvc2,cvn,security code,securitycode,card code,card verification,codigo de seguridad,code de securite,\
        cryptogramme,prufziffer,codice di sicurezza"),
    told(Kind::CardCode, Shape::Pin, "csc,cid"),
    told(Kind::Card, Shape::Digits(12), "card,cardnumber,cardno,creditcard,debitcard,ccnumber,ccnum,cc,pan,card num,kreditkarte,kreditkartennummer,kartennummer,\
        carte bancaire,numero de carte,numero carte,tarjeta,numero de tarjeta,carta di credito,numero carta,cartao,numero do cartao,\
        numer karty,kaartnummer,creditcardnummer,kortnummer,カード番号"),

    told(Kind::NationalId, Shape::Digits(4), "ssn,social security,socialsecurity,socialsecuritynumber,national id,nationalid,national insurance,nationalinsurance,tax id,taxid,\
        passport,passportnumber,passportno,passeport,pasaporte,reisepass,passaporto,passaporte,paspoort,paszport,ausweis,personalausweis,\
        ausweisnummer,identity number,id number,idnumber,identity card,identitycard,id card,document number,documentnumber,\
        numero de documento,numero documento,driver license,drivers license,driving licence,driver licence,drivers licence,driving license,license number,\
        licence number,driverslicense,drivinglicence,fuhrerschein,permis de conduire,fuhrerscheinnummer,social insurance,numero de securite sociale,\
        securite sociale,seguridad social,medicare,medicare number,voter id,aadhaar,aadhar,personal id,personalid,idnr,national number,citizen id,citizenid,\
        government id,身份证,身份证号,マイナンバー,住民登録番号,주민등록번호,आधार,паспорт,residencenumber,resident id,patient id number,nin"),
    told(Kind::NationalId, Shape::Digits(6), "cpf,cnpj,dni,bsn,nie,nif,nir,nino,nhs,nhsnumber,nhs number,sin,tfn,itin,tin,pesel,personnummer,personnr,steuer id,steuerid,steuernummer,\
        steueridentifikationsnummer,steuer identifikationsnummer,steueridnr,steuer nr,sozialversicherungsnummer,svnr,rvnr,sv nummer,numero fiscal,fiscal number,\
        tax file number,taxfilenumber,tax number,taxnumber,tax file,codice fiscale,codicefiscale,cod fiscale,codfiscale,burgerservicenummer,sofinummer,\
        numer pesel,nip,contribuinte,numero de contribuinte,numero de identificacao fiscal,social insurance number,insurance number,insee,secu,\
        numero secu,num secu,pancard,pan card,pan number,pannumber,cpr,fodselsnummer,hetu,henkilotunnus,rodne cislo,oib,jmbg,cnp,egn,amka,curp,rfc,\
        rut,cuil,cuit,cedula,tckn,tc kimlik,kimlik no,my number,mynumber,nric,fin number,rrn,hkid,id nummer,ahv,ahvnummer,emso,nas,\
        numero d assurance sociale,numero de seguridad social,personal number,personalnumber,personal code,isikukood,asmens kodas,kvittnr"),
    told(Kind::Iban, Shape::Digits(4), "iban,bban,routing,account number,accountnumber,accountno,account no,routing number,routingnumber,aba,sort code,sortcode,kontonummer,kontonr,konto nummer,\
        bankverbindung,rekeningnummer,numero de cuenta,numero conto,numero de compte,bank account,bankaccount,bankkonto,numer konta,\
        bankleitzahl,blz,clabe,cbu,ifsc account,acct number,acctnum,compte bancaire,cuenta bancaria,conto corrente,口座番号"),

    told(Kind::Phone, Shape::Phone, "phone,telephone,telefon,tel,mobile,phonenumber,phoneno,phonenr,mobilenumber,mobileno,cellphone,cell,cellnumber,msisdn,whatsapp,fax,telefax,\
        telefonnummer,telefonnr,rufnummer,handy,handynummer,mobilnummer,mobil,mobiltelefon,mobilfunk,mobilfunknummer,festnetz,\
        telefono,numero de telefono,movil,celular,telefone,telemovel,numero de telefone,cellulare,numero di telefono,numtel,\
        telefoon,telefoonnummer,mobiel,gsm,telephone portable,numero de telephone,numerotelephone,portable,fixe,\
        numer telefonu,komorka,telefonnumer,numertelefonu,puhelin,puhelinnumero,mobilnr,tlf,tlfnr,telnr,telno,landline,\
        contact number,contactnumber,contact no,callback number,callback,sms to,sms number,viber,telegram phone,daytime number,recovery number,\
        電話,電話番号,携帯,携帯番号,手机,手机号,电话,手機,전화,전화번호,휴대폰,телефон,फोन,मोबाइल"),

    told(Kind::BirthDate, Shape::Digits(4), "dob,birth,birthday,birthdate,dateofbirth,date of birth,birth date,born,bday,geburtsdatum,geburtstag,geboren,geb,gebdat,\
        date de naissance,datenaissance,naissance,datedenaissance,fecha de nacimiento,fechanacimiento,fecha nacimiento,nacimiento,data di nascita,datadinascita,data nascita,nascita,\
        data de nascimento,datanascimento,data nascimento,nascimento,geboortedatum,geboorte,data urodzenia,dataurodzenia,urodzenia,fodelsedatum,\
        fodselsdato,fodt,fodsel,syntymaaika,生年月日,誕生日,出生日期,出生,생년월일,дата рождения,जन्म,जन्मतिथि,birth year,year of birth,geburtsjahr,birthyear,datum narozeni"),

    told(Kind::Name, Shape::Letters, "first name,firstname,fname,last name,lastname,lname,full name,fullname,middle name,middlename,given name,givenname,family name,familyname,\
        surname,forename,maiden name,maidenname,mothers maiden,legal name,real name,preferred name,nick name of,vorname,nachname,familienname,geburtsname,\
        prenom,nom de famille,nomdefamille,nom complet,nom prenom,nom de naissance,apellido,nombre completo,nombre y apellidos,segundo apellido,primer apellido,cognome,nome completo,nome e cognome,sobrenome,apelido,\
        primeiro nome,ultimo nome,nome proprio,voornaam,achternaam,tussenvoegsel,volledige naam,nazwisko,imie i nazwisko,fornamn,efternamn,fornavn,etternavn,efternavn,\
        etunimi,sukunimi,user name,username,login name,loginname,customer name,customername,contact name,contactname,recipient name,recipientname,patient name,patientname,guest name,guestname,passenger name,passengername,\
        sender name,sendername,buyer name,buyername,billing name,shipping name,delivery name,cardholder name,cardholdername,card holder name,holder name,account name,accountname,account holder,accountholder,kontoinhaber,\
        cardholder,card holder,name on card,nameoncard,karteninhaber,titular de la tarjeta,employee name,member name,student name,applicant name,traveler name,traveller name,\
        driver name,parent name,child name,spouse name,owner name,person name,client name,clientname,subscriber name,attendee name,billto name,shipto name,ship to name,bill to name,beneficiary name,contact person,\
        emergency contact,insured name,lead name,nombre del cliente,nom du client,nom client,nome cliente,nome do cliente,nombre cliente,kundenname,klantnaam,name of patient,姓名,氏名,お名前,名前,姓,名,이름,성명,фамилия,имя,отчество,नाम,ansprechpartner"),
    told(Kind::Name, Shape::Person, "nom,nombre,nome,naam,imie,namn,navn,nimi,display name,displayname,patient,passenger,cardowner,recipient,beneficiary,guest,holder,empfanger,destinataire,\
        destinatario,titular,titulaire,intestatario,customer,client,cliente,kunde,klant,user,person,sender,traveler,traveller,attendee,assignee,insured,applicant,spouse,nextofkin,next of kin,\
        ansprech,contact,owner,buyer,employee,member,subscriber"),

    told(Kind::Ip, Shape::Ip, "ip,ipaddress,ipaddr,ip address,ipadresse,ip adresse,client ip,clientip,remote addr,remoteaddr,forwarded for,ipv,userip,host,address,peer"),
    told(Kind::Mac, Shape::Mac, "mac,macaddress,mac address,macaddr,bssid,bluetooth,ethernet,hwaddr"),
    told(Kind::Postcode, Shape::Postcode, "zip,zipcode,zip code,postcode,post code,postalcode,postal code,postal,plz,postleitzahl,code postal,codepostal,codigo postal,codigopostal,cep,\
        codice postale,codicepostale,postcode huis,kod pocztowy,kodpocztowy,postnummer,postnr,pincode,pin code,eircode,postinumero,psc,\
        郵便番号,邮编,邮政编码,우편번호,индекс,पिनकोड,postzahl,cp,cap,zip plus,codigo de postal"),
    told(Kind::Address, Shape::Street, "street,streetaddress,street address,streetname,street name,strasse,strassenname,str,rue,calle,via,rua,ulica,straat,straatnaam,gata,gatuadress,gatuadresse,address line,addressline,addr line,\
        adresszeile,ligne adresse,direccion linea,vej,katu,улица,住所,地址,주소,पता,домашний адрес,straße,house name,flat,apartment,apt,numero civico,logradouro,complemento,bairro,\
        morada,domicilio,domicile,anschrift,wohnort adresse,residence address,home address,homeaddress,address street,residential address"),
    told(Kind::Address, Shape::Postal, "address,addr,adresse,adress,adres,direccion,indirizzo,endereco,адрес,lieferadresse,rechnungsadresse,adresse de livraison,shipping to,deliver to,ship to,bill to,shipto,billto"),
    told(Kind::Address, Shape::HouseNumber, "house number,housenumber,hausnummer,hausnr,huisnummer,numero de calle,numero de rue,street number,streetnumber,house no,houseno,building number,husnummer,numer domu,unit number,apartment number"),

    told(Kind::Coordinates, Shape::Decimal, "lat,latitude,lon,lng,longitude,breitengrad,langengrad,latitud,longitud,latitudine,longitudine,geolat,geolng,geolon,latlng,latlon,latlong,lnglat,lonlat,\
        lat lng,lat lon,lat long,gps,geo,geolocation,geoposition,geopoint,geohash point,coords,coord,coordinate,coordinates,geo coordinates,koordinaten,coordonnees,coordenadas,coordinate gps,szerokosc,dlugosc,緯度,経度,纬度,经度,широта,долгота"),
    told(Kind::Coordinates, Shape::Precise, "position,location,loc,long,standort,ubicacion,posizione,place,point,center,ll,sll,near,origin,destination,daddr,saddr"),

    told(Kind::Token, Shape::Credentials, "authorization,proxy authorization,www authenticate"),
    told(Kind::Secret, Shape::Key, "api key,apikey,secret,private key,privatekey,access key,accesskey,access key id,secret key,secretkey,credential,client secret,clientsecret,app secret,appsecret,consumer key,\
        encryption key,encryptionkey,signing key,signingkey,master key,webhook secret,api secret,apisecret,subscription key,service key,license key,licensekey,account key,accountkey,shared key,sharedaccesskey,storage key,auth key,authkey,\
        client key,admin key,geheimnis,seed phrase,mnemonic,recovery phrase,connection string,connectionstring,sastoken"),
    told(Kind::Token, Shape::Key, "token,jwt,bearer,accesstoken,authtoken,idtoken,refreshtoken,csrftoken,sessiontoken,resettoken,id token,one time token,ott,magiclink token,invitetoken"),
    told(Kind::Token, Shape::Loose, "session,sessionid,phpsessid,jsessionid,aspsessionid,asp session,asp net sessionid,sessid,sess,sid,auth,oauth,oauth verifier,csrf,xsrf,csrfmiddlewaretoken,reset,invite,invitation,magic,signature,sig,hmac,\
        nonce,ticket granting,saml response,samlresponse,saml request,samlrequest,assertion,auth ticket,access ticket,code verifier,code challenge,confirmation token,activation,activation code,activation key,\
        invite code,invitecode,invitation code,reset code,resetcode,reset key,verify,verification,verification key,verifier,confirm,confirmation key,magic link,magiclink,unsubscribe,unsubscribe id,\
        auth code,authorization code,authcode,login key,login code,remember,remember me,rememberme,device token,devicetoken,push token,fcm token,security stamp,share key,sharekey,access code,accesscode,connect sid,asp net core session,identity cookie"),
    told(Kind::Token, Shape::Cookies, "cookie,set cookie,cookies"),
    told(Kind::Token, Shape::Random, "key,code,state,hash,ticket,k,t,s,h,otc,tk,tok,h2,cred,grant,relaystate,relay state,link"),
];

/// What the words before a number say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clue {
    /// A telephone number.
    Phone,
    /// A number given to a person, with as many digits as there are bits at these places.
    Id(u32),
    /// A date of birth.
    Birth,
    /// A password, PIN or code.
    Password,
    /// The code of a card.
    CardCode,
    /// A payment card.
    Card,
    /// A bank account.
    Account,
    /// A place.
    Place,
    /// A token or key.
    Token,
    /// A network address.
    Network,
    /// A version, so that four numbers are no network address.
    Version,
    /// Something of the business, so that a number is its number.
    Thing,
}

const fn digits(lengths: &[u32]) -> Clue {
    let (mut bits, mut rest) = (0, lengths);
    while let [length, tail @ ..] = rest {
        bits |= 1 << *length;
        rest = tail;
    }
    Clue::Id(bits)
}

/// What words before a number, and some after it, say. Without the words, too.
static CLUES: [Clue; CLUE_WORDS.len()] = clues_without_words();

#[expect(clippy::indexing_slicing, reason = "runs in the compiler, which checks it")]
const fn clues_without_words() -> [Clue; CLUE_WORDS.len()] {
    let mut clues = [Clue::Thing; CLUE_WORDS.len()];
    let mut at = 0;
    while at < clues.len() {
        clues[at] = CLUE_WORDS[at].0;
        at += 1;
    }
    clues
}

#[rustfmt::skip]
const CLUE_WORDS: &[(Clue, &str)] = &[
    (Clue::Phone, "phone,telephone,telefon,tel,mobile,cell,cellphone,whatsapp,fax,telefax,call,calls,calling,dial,ring,text,texted,sms,hotline,callback,landline,voicemail,phonenumber,reach me,reach us,contact number,msisdn,mob,\
        telefonnummer,telefonnr,rufnummer,handy,handynummer,mobilnummer,mobil,mobilfunknummer,festnetz,anruf,anrufen,ruf,rufen,rufnr,ruckruf,erreichbar,erreichen,\
        portable,fixe,appelez,appeler,appel,rappelez,rappeler,joindre,joignable,numero de telephone,telephonez,\
        telefono,movil,celular,llame,llama,llamar,llamame,llamenos,llamada,telefone,telemovel,ligue,ligar,liga,chamar,\
        cellulare,chiama,chiamare,chiami,chiamami,chiamata,recapito,telefonare,\
        telefoon,telefoonnummer,mobiel,bel,bellen,gsm,belt,gebeld,\
        komorka,komorkowy,zadzwon,dzwon,dzwonic,telefonu,kontaktowy,numer telefonu,\
        ring,ringa,telefonnumret,mobilen,puhelin,soita,tlf,ringe,telefonul,telefonszam,telefonnal,\
        телефон,тел,звоните,позвоните,мобильный,звонить,फोन,फ़ोन,मोबाइल,कॉल,नंबर,दूरभाष,전화,휴대폰,연락처,전화번호,هاتف,جوال,טלפון,τηλεφωνο,κινητο,telefonum,arayin,numaram,dien thoai,telepon"),
    (digits(&[9]), "ssn,social security,social security number,itin,tin,sin,social insurance,social insurance number,nas,bsn,burgerservicenummer,nif,contribuinte,numero de contribuinte,sofinummer,individual taxpayer,taxpayer identification,taxpayer,irs number"),
    (digits(&[8, 9]), "tfn,tax file number,tax file,ird number"),
    (digits(&[10]), "nhs,nhs number,nip,svnr,sozialversicherungsnummer,egn,cpr,cpr nummer,medicare"),
    (digits(&[10, 12]), "personnummer,personnr,personal number,samordningsnummer"),
    (digits(&[11]), "pesel,steuer id,steuerid,steuer identifikationsnummer,steueridentifikationsnummer,identifikationsnummer,idnr,steuer idnr,cpf,cuil,cuit,amka,oib,fodselsnummer,tckn,kimlik,kimlik no,medicare card,rijksregisternummer,national register,steuernummer,fnr"),
    (digits(&[14]), "cnpj"),
    (digits(&[11, 14]), "cpf cnpj"),
    (digits(&[12, 16]), "aadhaar,aadhar,adhar,adhaar,आधार,uidai,uid,my number,mynumber,マイナンバー"),
    (digits(&[13, 15]), "nir,securite sociale,numero de securite sociale,secu,insee,cnp,numero secu,n secu,no secu"),
    (digits(&[7, 8]), "dni,cedula,documento,rut"),
    (digits(&[13]), "cnp,jmbg,thai id,rsa id,sa id,id no"),
    (digits(&[7, 8, 9, 10, 11, 12, 13, 14, 15, 18]), "national id,national insurance,nino,nie,passport,passport number,passport no,passeport,pasaporte,reisepass,reisepassnummer,passaporto,passaporte,paspoort,paszport,personalausweis,ausweis,ausweisnummer,pass nr,id number,id card,identity card,identity number,identity no,\
        driver license,drivers license,driving licence,driver licence,drivers licence,driving license,dl number,fuhrerschein,fuhrerscheinnummer,permis de conduire,codice fiscale,tax id,tax number,taxpayer id,seguridad social,numero de afiliacion,seguro social,rvnr,rentenversicherungsnummer,\
        versichertennummer,pan card,pan number,pan no,pan,curp,rfc,voter id,henkilotunnus,hetu,rodne cislo,nric,hkid,паспорт,инн,снилс,身份证,身份证号,주민등록번호,licence no,license no,identification number,ahv,ahv nummer,numero de identidad,identiteitskaart,dowod,dowod osobisty"),
    (Clue::Birth, "dob,born,birth,birthday,birthdate,date of birth,d o b,bday,geburtsdatum,geburtstag,geboren,geb,ne le,nee le,ne e le,naissance,date de naissance,anniversaire,nacimiento,fecha de nacimiento,nacido,nacida,naci,\
        nascita,data di nascita,nato il,nata il,nato,nata,nascimento,data de nascimento,nascido,nascida,nasci,geboortedatum,geboren op,geboorte,urodzenia,data urodzenia,urodzony,urodzona,ur,fodelsedatum,fodd,fodt,fodselsdato,\
        syntymaaika,syntynyt,рождения,дата рождения,родился,родилась,जन्म,जन्मतिथि,जन्मदिन,生年月日,生日,출생,생년월일,dogum,dogum tarihi,narozen,szuletett,birth date"),
    (Clue::CardCode, "cvv,cvc,cvv2,cvc2,cvn,security code,card code,cryptogramme,prufziffer,codigo de seguridad,codice di sicurezza,code de securite,kartenprufnummer"),
    (Clue::Card, "card number,credit card,debit card,card no,kreditkarte,kreditkartennummer,kartennummer,carte bancaire,numero de carte,tarjeta,tarjeta de credito,carta di credito,cartao,cartao de credito,karty,kaartnummer,creditcard,cb,visa,mastercard,amex,maestro,card ending"),
    (Clue::Account, "account number,acct number,account no,bank account,kontonummer,konto,bankverbindung,rekeningnummer,numero de cuenta,numero de compte,numero conto,sort code,routing number,routing,aba,bankleitzahl,blz,rachunku,numer konta,clabe,口座番号,口座"),
    (Clue::Password, "password,passwd,passphrase,passcode,pwd,passwort,kennwort,wachtwoord,senha,contrasena,mot de passe,motdepasse,haslo,losenord,passord,adgangskode,salasana,pin,otp,tan,one time code,verification code,verification,security pin,login code,\
        one time password,auth code,sms code,access code,bestatigungscode,verifizierungscode,codigo de verificacion,codice di verifica,code de verification,verificatiecode,kod weryfikacyjny,passwordis,пароль,код,parola,sifre,पासवर्ड,비밀번호,パスワード,mdp,clave,2fa code,authentication code,pincode,geheimzahl,codigo,einmalcode"),
    (Clue::Place, "lat,latitude,lon,lng,longitude,gps,coordinates,coords,coordinate,geo,geolocation,location,located,position,koordinaten,standort,breitengrad,coordonnees,coordenadas,ubicacion,posizione,coordinaten,locatie,wspolrzedne,koordinater,координаты,緯度,座標,latlng"),
    (Clue::Token, "token,api key,apikey,secret,bearer,session,session id,sessionid,access key,secret key,private key,jwt,reset code,invite code,invitation code,auth token,credentials,access token,refresh token,reset token"),
    (Clue::Network, "ip,ip address,ipv,ips,adresse ip,ip adresse,address,addr,host,server,client,remote,from,peer,subnet,gateway,dns,login from,direccion ip,indirizzo ip"),
    (Clue::Version, "v,ver,version,versions,build,release,released,firmware,upgrade,upgraded,sdk,patch,update,updated,driver,app,kernel,software,versionsnummer,version logicielle,versie,wersja,versao,versione,rev,revision,section,chapter,chrome,chromium,edge,safari,firefox,opera,brave,electron,oid,nightly,kapitel,abschnitt,バージョン,版本,версия,संस्करण,rc,beta,assembly"),
    (Clue::Thing, "order,orders,bestellung,bestellnummer,bestell,auftrag,auftragsnummer,commande,pedido,ordine,encomenda,bestelling,bestelnummer,zamowienie,zamowienia,bestallning,ordernummer,ordrenummer,invoice,rechnung,rechnungsnummer,facture,factura,fattura,fatura,factuur,faktura,faktury,\
        sku,ean,isbn,gtin,upc,asin,mpn,article,artikel,artikelnummer,artikelnr,art,item,product,produkt,produit,producto,prodotto,produto,model,modell,modele,serial,tracking,sendung,sendungsnummer,sendungsverfolgung,colis,envio,spedizione,paczka,parcel,shipment,awb,ticket,case,reference,ref,referenz,\
        booking,buchung,reservation,reserva,prenotazione,transaction,transaktion,receipt,quote,po,purchase,batch,lot,issue,pr,commit,build number,price,preis,prix,precio,prezzo,preco,prijs,cena,pris,total,sum,summe,amount,betrag,montant,importe,qty,quantity,\
        timestamp,epoch,unix,campaign,coupon,voucher,gutschein,gift,campaignid,line,lines,row,rows,page,seite,port,error,code,views,followers,stock,population,size,width,height,注文,注文番号,订单,订单号,주문,주문번호,заказ,заказа,ऑर्डर,siparis,rma,contract,customer number,kundennummer,customer no,ident"),
];

/// The name that holds of a word beside what keys and clues say.
pub(crate) mod flag {
    /// A key that begins with it speaks about the data instead of holding it.
    pub(crate) const HEAD: u32 = 1;
    /// A key that ends with it does.
    pub(crate) const TAIL: u32 = 2;
    /// It names one of the things before it: `email_campaign_id` speaks of a campaign.
    pub(crate) const NAMING: u32 = 4;
    /// It numbers emails and sessions. After `phone` and `card` it says the opposite.
    pub(crate) const SERIAL: u32 = 8;
    /// A person, whose name is a name.
    pub(crate) const PERSON: u32 = 16;
    /// It stands before others in keys that are run together.
    pub(crate) const JOINS: u32 = 32;
    /// Something of the business: what looks random or like a card under its key is its id.
    pub(crate) const THING: u32 = 64;
    /// What stands in a container of this name speaks about the data.
    pub(crate) const NOTES: u32 = 128;
    /// A secret may follow it in a path.
    pub(crate) const BEFORE_A_SECRET: u32 = 256;
    /// Its value is a version.
    pub(crate) const VERSION: u32 = 512;
    /// It names the field whose value stands beside it: `{"name": "password", "value": "x"}`.
    pub(crate) const NAMES: u32 = 1024;
    /// It holds the value of the field named beside it, or above it.
    pub(crate) const HOLDS: u32 = 2048;
    /// The name of somebody or something.
    pub(crate) const NAME: u32 = 4096;
    /// A line of an address when it stands in one.
    pub(crate) const LINE: u32 = 8192;
    /// What is in it is an address.
    pub(crate) const ADDRESS: u32 = 16384;
    /// It tells of a network address when it stands before one in a path.
    pub(crate) const NETWORK: u32 = 32768;
    /// It asks for a value in words.
    pub(crate) const ASKS: u32 = 65536;
    /// Before the word for a name it is a person; by itself it may be a thing with a name of its own.
    pub(crate) const ROLE: u32 = 131_072;
    /// A line of an address, whatever it stands in.
    pub(crate) const STREET_LINE: u32 = 262_144;
}
use flag::{
    ADDRESS, ASKS, BEFORE_A_SECRET, HEAD, HOLDS, JOINS, LINE, NAME, NAMES, NAMING, NETWORK, NOTES, PERSON, ROLE,
    SERIAL, TAIL, THING, VERSION,
};

#[rustfmt::skip]
const FLAGS: &[(u32, &str)] = &[
    (HEAD, "is,has,can,should,show,num,total,max,min,needs,requires,allow,enable,use,hide,last updated,invalid,missing,no,count,total,had,was,did,disable,enabled,require,default,nb,number of,anzahl"),
    (TAIL, "count,counter,length,len,type,strength,status,sent,valid,verified,enabled,disabled,required,optional,changed,updated,created,at,on,ms,seconds,duration,time,timeout,expires,expiry,expired,ttl,in,out,index,\
        position,size,limit,error,visible,shown,method,provider,brand,format,label,placeholder,field,form,page,step,policy,rule,version,score,start,started,end,opened,clicks,domain,masked,filled,present,\
        subject,campaign,template,frequency,preference,total,sum,average,avg,rate,ratio,percent,revenue,newsletter,banner,consent,notice,popup,modal,dialog,variant,\
        confirmed,attempts,attempt,failed,failures,hint,help,tooltip,class,classes,category,group,source,medium,channel,list,mode,level,color,colour,icon,button,input,selector,element,tab,view,screen,section,widget,\
        usage,used,limits,budget,cost,price,quota,per,remaining,width,height,changes,focus,blur,lang,language,locale,timezone,support,supported,permission,permissions,setting,settings,option,options,flag,opens,bounces,match,matches,\
        reset sent,requested,days,hours,minutes,age,range,state,country,city,region,plan,tier,kind,name type,issuer,network,scheme,checked,clicked,copied,toggle,toggled,redirect,url type,accuracy,zoom,precision,radius,heading,speed,altitude,bounds,encoding,algorithm,alg,delay,click,view id,typed,keystrokes,characters,chars,verification status,verification method,autocomplete,model,os,manufacturer,plugin,os version,app version,case,accepted,declined,active,complete,completed,available"),
    (NAMING, "id,ids,name,slug"),
    (SERIAL, "number,no,nr,seq,sequence,num,nummer,numero,index"),
    (PERSON, "user,customer,client,contact,recipient,patient,guest,passenger,sender,buyer,billing,shipping,delivery,cardholder,holder,employee,member,student,applicant,traveler,traveller,driver,parent,child,spouse,owner,person,subscriber,attendee,\
        beneficiary,insured,lead,kunde,cliente,klant,utilisateur,usuario,utente,gebruiker,benutzer,empfanger,destinataire,destinatario,billto,shipto,payer,payee,resident,tenant user,candidate,visitor,shopper,consignee,kontakt,nutzer,mitarbeiter,invoice contact,billing address,shipping address,billing contact,profile,account holder,cardowner,claimant,personal,signer,signatory,caller,klient,kund,doctor,physician,caregiver,guardian,participant,registrant,donor"),
    (JOINS, "user,customer,client,account,admin,my,login,contact,new,old,current,confirm,repeat,access,auth,oauth,session,refresh,reset,bearer,id,api,app,csrf,xsrf,shared,billing,shipping,delivery,home,work,mobile,alt,secondary,primary,recipient,\
        sender,guest,patient,passenger,member,employee,register,signup,sign,form,field,input,txt,str,cust,usr,private,business,emergency,date,re,your,the,retype,verify,invite,invitation,personal,owner,buyer,holder,kunden,benutzer,card,credit,debit,bank,temp,residential,mailing,postal,full,last,first"),
    (THING, "order,orders,product,item,sku,ean,gtin,isbn,upc,asin,mpn,transaction,article,campaign,ad,ads,adset,adgroup,creative,variant,invoice,tracking,shipment,booking,reservation,asset,chunk,build,commit,revision,rev,etag,checksum,digest,integrity,sha,cache,cb,v,ver,version,hash,bust,cachebuster,\
        span,trace,request,correlation,event,page,post,category,collection,list,store,shop,cart,basket,model,part,serial,coupon,promo,voucher,deal,epoch,ts,timestamp,utm,batch,lot,quote,offer,listing,experiment,feature,test,pixel,tag,container,measurement,property,stream,dataset,file,image,img,video,media,font,script,style,module,component,\
        bestellung,bestellnummer,bestell,artikel,artikelnummer,produkt,commande,pedido,ordine,zamowienie,rechnung,rechnungsnummer,facture,factura,fattura,thread,message,comment,review,question,ref,reference,po,receipt,purchase,payment id,parcel,awb,seo,bundle,fingerprint asset"),
    (NOTES, "error,errors,labels,validation,validations,types,schema,count,counts,length,lengths,placeholder,placeholders,strength,rule,rules,policy,required,visible,enabled,changes,duration,durations,timing,timings,stats,metrics,totals,hint,hints,usage,limits,translations,i18n,permission,permissions,preferences,consent,features,flags,field types,selectors,icons"),
    (BEFORE_A_SECRET, "reset,verify,verification,confirm,confirmation,invite,invites,invitation,activate,activation,magic,unsubscribe,recover,recovery,token,password,passwordless,magiclink,resetpassword,setpassword,newpassword,forgot,forgotpassword,verifyemail,confirmemail,optout,optin,\
        auth,session,sessions,oauth,sso,callback,accept,join,einladung,einladen,bestatigen,bestaetigen,zurucksetzen,zuruecksetzen,passwort,aktivieren,abmelden,reinitialiser,reinitialisation,confirmer,activer,desabonner,desinscription,restablecer,confirmar,verificar,activar,invitacion,invito,attiva,conferma,verifica,\
        reimposta,convite,redefinir,ativar,uitnodiging,bevestig,bevestigen,activeren,wachtwoord,potwierdz,aktywuj,zaproszenie,aterstall,bekrafta,bekreft,login,signin,autologin,authenticate,impersonate,contrasena,senha,haslo,secret,apikey,jwt,share,shared,sharing,signed,email change,emailchange,onboard,claim,redeem,aktivera,inbjudan,losenord,mot de passe,nulstil,reinicio,cancelar,annuler,delete account"),
    (VERSION, "version,ver,v,build,release,firmware,sdk,app version,os version,software,user agent,useragent,ua,agent,browser,revision,rev,engine,platform version,oid,patch,kernel,schema,api version,driver"),
    (NAMES, "name,field,key,id,label,param,parameter,property,attribute,question,field name,fieldname,k,header,input name,for,attr,placeholder,title,type,autocomplete,prompt,column,identifier,field id,fieldid,element id"),
    (HOLDS, "value,val,raw,content,text,input,answer,plain,response,v,entered,typed,current,new,old,previous,number,no,nr,digits,national,international,formatted,full,primary,main,home,work,private,personal,business,new value,old value,data,display,string,user input,contents,default,secondary,other,inner text,innertext,before,after,newvalue,oldvalue,alternative,e164,date,year,month,day,hash,field value,fieldvalue,text value,answer text"),
    (ROLE, "billing,shipping,delivery,lead,profile,owner,member,billto,shipto,personal,parent,child,driver,billing address,shipping address,visitor,tenant,holder,contact group"),
    (flag::STREET_LINE, "line,lineone,linetwo"),
    (ASKS, "label,question,prompt,placeholder,title,caption"),
    (NAME, "name,first,last,middle,given,family,full,nom,nombre,nome,naam,imie,navn,namn,fullname,prefix name"),
    (LINE, "line,lines,street,zip,house,number,full,unit,apartment,flat,building,floor,door,suite,formatted,raw,text,value,nr,label,display,freeform,plz,name,complement,lineone,linetwo"),
    (ADDRESS, "address,addresses,addr,adresse,anschrift,adress,adres,direccion,indirizzo,endereco,lieferadresse,rechnungsadresse,shipping address,billing address,home address,morada,domicilio,住所,地址,주소,адрес"),
    (NETWORK, "ip,ips,address,addr,host,hosts,client,clients,lookup,whois,geoip,node,nodes,server,servers,device,devices,visitor,visitors,ban,bans,block,blocked,user,users,session,login,logins,geo,network,peer,allow,deny,country,locate"),
];

/// What is known of a word or phrase.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Entry {
    hash: u32,
    flags: u32,
    /// A place in [`TOLD`] and in [`CLUES`], from 1.
    told: [u8; 2],
    clue: u8,
}

impl Entry {
    const NONE: Self = Self { hash: 0, flags: 0, told: [0; 2], clue: 0 };

    pub(crate) fn is_known(self) -> bool {
        self.hash != 0
    }

    pub(crate) fn flags(self) -> u32 {
        self.flags
    }

    pub(crate) fn has(self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// What a key with the word holds, in the order of [`TOLD`].
    pub(crate) fn told(self) -> impl Iterator<Item = usize> {
        self.told.into_iter().filter_map(|place| usize::from(place).checked_sub(1))
    }

    pub(crate) fn clue(self) -> Option<Clue> {
        CLUES.get(usize::from(self.clue).checked_sub(1)?).copied()
    }

    pub(crate) fn begins_compounds(self) -> bool {
        self.has(JOINS)
    }

    pub(crate) fn ends_compounds(self) -> bool {
        self.told.iter().any(|place| *place > 0) || self.has(NAME)
    }
}

/// FNV-1a.
pub(crate) const SEED: u32 = 0x811c_9dc5;

pub(crate) const fn extend(hash: u32, byte: u8) -> u32 {
    (hash ^ byte as u32).wrapping_mul(0x0100_0193)
}

const SLOTS: usize = 4096;
const ENTRIES: usize = 2600;

/// For each first letter, the second letters of the words that begin compounds.
static COMPOUNDS: [u32; 26] = compounds();

#[expect(clippy::indexing_slicing, reason = "runs in the compiler, which checks it")]
const fn compounds() -> [u32; 26] {
    let (mut seconds, mut list) = ([0; 26], 0);
    while list < FLAGS.len() {
        let (flag, words) = (FLAGS[list].0, FLAGS[list].1.as_bytes());
        let mut at = 0;
        while flag == JOINS && at + 1 < words.len() {
            if (at == 0 || words[at - 1] == b',')
                && words[at].is_ascii_lowercase()
                && words[at + 1].is_ascii_lowercase()
            {
                seconds[(words[at] - b'a') as usize] |= 1 << (words[at + 1] - b'a');
            }
            at += 1;
        }
        list += 1;
    }
    seconds
}

/// Whether a word in small letters may begin with one that begins compounds.
pub(crate) fn may_begin_compound(word: &[u8]) -> bool {
    let [first, second, ..] = word else { return false };
    COMPOUNDS
        .get(usize::from(first.wrapping_sub(b'a')))
        .is_some_and(|seconds| seconds & (1 << (second.wrapping_sub(b'a') & 31)) != 0)
}

const fn slot(hash: u32) -> usize {
    ((hash ^ (hash >> 15)) as usize) & (SLOTS - 1)
}

/// Open addressing: a slot holds the place of an entry, from 1.
struct Table {
    slots: [u16; SLOTS],
    entries: [Entry; ENTRIES],
    length: usize,
}

static TABLE: Table = build();

/// What is known of the word or phrase with this hash.
pub(crate) fn look_up(hash: u32) -> Entry {
    let mut at = slot(hash);
    while let Some(place) = TABLE.slots.get(at).copied().filter(|place| *place > 0) {
        match TABLE.entries.get(usize::from(place) - 1) {
            Some(entry) if entry.hash == hash => return *entry,
            _ => at = (at + 1) & (SLOTS - 1),
        }
    }
    Entry::NONE
}

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::large_stack_arrays,
    reason = "runs in the compiler, which checks it"
)]
const fn build() -> Table {
    let mut table = Table { slots: [0; SLOTS], entries: [Entry::NONE; ENTRIES], length: 0 };
    let mut list = 0;
    while list < TOLD_WORDS.len() {
        table = add(table, TOLD_WORDS[list].1, 0, list as u8 + 1, 0);
        list += 1;
    }
    list = 0;
    while list < CLUE_WORDS.len() {
        table = add(table, CLUE_WORDS[list].1, 0, 0, list as u8 + 1);
        list += 1;
    }
    list = 0;
    while list < FLAGS.len() {
        table = add(table, FLAGS[list].1, FLAGS[list].0, 0, 0);
        list += 1;
    }
    table
}

/// Adds each of `words`, which stand between commas.
#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "runs in the compiler, which checks it")]
const fn add(mut table: Table, words: &str, flags: u32, told: u8, clue: u8) -> Table {
    let bytes = words.as_bytes();
    let (mut at, mut hash) = (0, SEED);
    while at <= bytes.len() {
        if at < bytes.len() && bytes[at] != b',' {
            hash = extend(hash, bytes[at]);
            at += 1;
            continue;
        }
        let mut found = slot(hash);
        while table.slots[found] > 0 && table.entries[table.slots[found] as usize - 1].hash != hash {
            found = (found + 1) & (SLOTS - 1);
        }
        if table.slots[found] == 0 {
            table.entries[table.length].hash = hash;
            table.length += 1;
            table.slots[found] = table.length as u16;
        }
        let entry = &mut table.entries[table.slots[found] as usize - 1];
        entry.flags |= flags;
        if told > 0 && entry.told[0] == 0 {
            entry.told[0] = told;
        } else if told > 0 && entry.told[0] != told {
            entry.told[1] = told;
        }
        if clue > 0 && entry.clue == 0 {
            entry.clue = clue;
        }
        (at, hash) = (at + 1, SEED);
    }
    table
}

/// The bytes that stand for `c` in hashes: lower-case, and without its mark if it is Latin.
pub(crate) fn folded(c: char, buffer: &mut [u8; 4]) -> &[u8] {
    let plain: &[u8] = match c {
        'a'..='z' | 'A'..='Z' | '\0'..='\u{7f}' => {
            let [first, ..] = buffer;
            *first = u8::try_from(c).unwrap_or_default().to_ascii_lowercase();
            return buffer.get(..1).unwrap_or_default();
        }
        'à'..='å' | 'À'..='Å' | 'ā'..='ą' => b"a",
        'æ' | 'Æ' => b"ae",
        'ç' | 'Ç' | 'ć'..='č' => b"c",
        'ď' | 'đ' | 'Ď' | 'Đ' | 'ð' => b"d",
        'è'..='ë' | 'È'..='Ë' | 'ē'..='ě' => b"e",
        'ğ' | 'Ğ' => b"g",
        'ì'..='ï' | 'Ì'..='Ï' | 'ī' | 'į' | 'ı' | 'İ' => b"i",
        'ł' | 'Ł' => b"l",
        'ñ' | 'Ñ' | 'ń' | 'Ń' | 'ň' | 'Ň' => b"n",
        'ò'..='ö' | 'Ò'..='Ö' | 'ø' | 'Ø' | 'ő' | 'Ő' | 'ō' => b"o",
        'œ' | 'Œ' => b"oe",
        'ř' | 'Ř' => b"r",
        'ß' => b"ss",
        'ś' | 'Ś' | 'š' | 'Š' | 'ş' | 'Ş' | 'ș' | 'Ș' => b"s",
        'ť' | 'Ť' | 'ț' | 'Ț' => b"t",
        'ù'..='ü' | 'Ù'..='Ü' | 'ū' | 'ů' | 'ű' | 'ų' => b"u",
        'ý' | 'ÿ' | 'Ý' => b"y",
        'ź' | 'ż' | 'ž' | 'Ź' | 'Ż' | 'Ž' => b"z",
        '\u{300}'..='\u{36f}' => b"",
        _ => {
            let lower = c.to_lowercase().next().unwrap_or(c);
            return lower.encode_utf8(buffer).as_bytes();
        }
    };
    plain
}
