//! The words before a number, and some after it, and what they say of it.

/// What the words before a number say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clue {
    /// A telephone number.
    Phone,
    /// A number given to a person, with as many digits as there are bits at these places.
    Id(u32),
    /// The same behind a word of keys, which says it only of what stands right behind it.
    Number,
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
    /// One of the two numbers of a place.
    Axis,
    /// A token or key.
    Token,
    /// A postcode.
    Postcode,
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
pub(super) static CLUES: [Clue; CLUE_WORDS.len()] = clues_without_words();

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
pub(super) const CLUE_WORDS: &[(Clue, &str)] = &[
    (Clue::Phone, "fon,bel,bel mij,bel mij op,bel mij terug op,my number is,mio numero,moj numer,meine nummer,meine nummer ist,mi numero es,mon numero est,mitt nummer ar,meu numero e,mijn nummer is,phone,telephone,telefon,tel,mobile,cell,cellphone,whatsapp,fax,telefax,call,calls,calling,dial,ring,text,texted,sms,hotline,callback,landline,voicemail,phonenumber,reach me,reach us,contact number,msisdn,mob,\
        telefonnummer,telefonnr,rufnummer,handy,handynummer,mobilnummer,mobil,mobilfunknummer,festnetz,anruf,anrufen,ruf,rufen,rufnr,ruckruf,erreichbar,erreichen,\
        portable,fixe,appelez,appeler,appel,rappelez,rappeler,joindre,joignable,numero de telephone,telephonez,\
        telefono,movil,celular,llame,llama,llamar,llamame,llamenos,llamada,telefone,telemovel,ligue,ligar,liga,chamar,\
        cellulare,chiama,chiamare,chiami,chiamami,chiamata,recapito,telefonare,\
        telefoon,telefoonnummer,mobiel,mobiele,bel,bellen,gsm,belt,gebeld,\
        komorka,komorkowy,zadzwon,dzwon,dzwonic,telefonu,kontaktowy,numer telefonu,\
        ring,ringa,telefonnumret,mobilen,puhelin,soita,tlf,ringe,telefonul,telefonszam,telefonnal,\
        телефон,тел,звоните,позвоните,мобильный,звонить,फोन,फ़ोन,मोबाइल,कॉल,दूरभाष,전화,휴대폰,연락처,전화번호,هاتف,جوال,טלפון,τηλεφωνο,κινητο,τηλ,κιν,ph,natel,contact no,kom,telefonico,mobilnr,telefonszamom,puhelinnumeroni,сот,телефонуйте,נייד,моб,zap,tfno,tlm,telefonum,arayin,numaram,dien thoai,telepon,\
        llamanos,llamenme,chiamaci,chiamateci,chiamate,zavolejte,volejte,volat,puh,puhelinnumero,soittakaa,soittaa,denwa,denwa bango,keitai,hivjon,hivja,kontakttelefon,joignez,tel no,telno,cep tel,cep telefonu,cep telefonum,arayiniz,sunati,nazovite,poklicite,skambinkite,zvaniet,helistage,hubungi,telpon,fone,telefonicky,telefonisch,no hp,nomor hp,kontakt,contact,contacto,contato,contatto,contact us,contactez,contactar,мой номер,номер телефона,ruckrufnummer,faxnummer,hotlinenummer,kontaktnummer,festnetznummer,durchwahlnummer,notrufnummer,privatnummer,bestellhotline,bestelltelefon,\
        numero di telefono,numero de telefone,telefone para contato,telefoonnr,erreichst,erreicht,rufe,ruft,durchwahl,servicenummer,servicetelefon,kundentelefon,kundenservice,kundendienst,notfallnummer,numero verde,numero vert,fale conosco,atendimento,helpline,toll free,tollfree,infoline,infolinia,infolinka,centralino,\
        linea directa,vaxel,freephone,freefone,sac,customer care,ons nummer,unser nummer,unsere nummer,our number,notre numero,nuestro numero,nostro numero,nosso numero,nasz numer,vart nummer,vores nummer,uhr unter,τηλεφωνηστε,καλεστε,klantenservice,kundtjanst,kundeservice,asiakaspalvelu,ugyfelszolgalat,atencion al cliente,servicio al cliente,servizio clienti,service clients,customer service,telefonnicislo,telefonni cislo,cislo telefonu"),
    (digits(&[9]), "αφμ,ssn,social security,social security number,itin,tin,sin,social insurance,social insurance number,nas,bsn,burgerservicenummer,nif,contribuinte,numero de contribuinte,sofinummer,individual taxpayer,taxpayer identification,taxpayer,irs number,\
        assurance sociale,numero assurance sociale,sin number,s i n,s s n"),
    (digits(&[8, 9]), "tfn,tax file number,tax file,ird number"),
    (digits(&[10]), "nhs,nhs number,nip,svnr,sozialversicherungsnummer,egn,cpr,cpr nummer,medicare,\
        cprnr,cpr nr,kennitala"),
    // 11 digits in Norway.
    (digits(&[10, 11, 12]), "pnr,personnummer,personnr,person nr,personal number,samordningsnummer,\
        person nummer,pers nr,persnr"),
    (digits(&[11]), "pesel,steuer id,steuerid,steuer identnr,steueridentnr,steuer ident nr,steuer identifikationsnummer,steueridentifikationsnummer,identifikationsnummer,idnr,steuer idnr,cpf,cuil,cuit,amka,αμκα,oib,fodselsnummer,tckn,kimlik,kimlik no,medicare card,rijksregisternummer,national register,steuernummer,fnr,\
        fodselsnr,steuerliche identifikationsnummer,tc no,tc kimlik no,kimlik numarasi,isikukood,asmens kodas,personas kods,снилс"),
    (digits(&[7]), "ppsn,pps,pps no,pps number"),
    (digits(&[9, 10]), "rodne cislo,r c"),
    (digits(&[14]), "cnpj"),
    (digits(&[11, 14]), "cpf cnpj"),
    (digits(&[12, 16]), "aadhaar,aadhar,adhar,adhaar,आधार,uidai,uid,my number,mynumber,マイナンバー"),
    (digits(&[13, 15]), "nir,securite sociale,numero de securite sociale,secu,insee,cnp,numero secu,n secu,no secu"),
    (digits(&[7, 8]), "dni,cedula,documento,rut"),
    (digits(&[13]), "cnp,cod numeric,jmbg,thai id,rsa id,sa id,id no"),
    (digits(&[7, 8, 9, 10, 11, 12, 13, 14, 15, 18]), "national id,national insurance,nino,nie,passport,passport number,passport no,passeport,pasaporte,reisepass,reisepassnummer,passaporto,passaporte,paspoort,paszport,personalausweis,ausweis,ausweisnummer,pass nr,id number,id card,identity card,identity number,identity no,\
        driver license,drivers license,driving licence,driver licence,drivers licence,driving license,dl number,fuhrerschein,fuhrerscheinnummer,permis de conduire,codice fiscale,tax id,tax number,taxpayer id,seguridad social,numero de afiliacion,seguro social,rvnr,rentenversicherungsnummer,\
        versichertennummer,pan card,pan number,pan no,pan,permanent account number,permanent account,curp,rfc,voter id,henkilotunnus,hetu,nric,hkid,паспорт,инн,снилс,身份证,身份证号,주민등록번호,licence no,license no,identification number,ahv,ahv nummer,carta d identita,carta di identita,documento d identita,carte d identite,carte nationale d identite,documento de identidad,numero de identidad,identiteitskaart,dowod,dowod osobisty"),
    (Clue::Birth, "verjaardag,dob,born,birth,birthday,birthdate,date of birth,d o b,bday,geburtsdatum,geburtstag,geboren,geb,ne le,nee le,ne e le,naissance,date de naissance,anniversaire,nacimiento,fecha de nacimiento,nacido,nacida,naci,\
        nascita,data di nascita,nato il,nata il,nato,nata,nascimento,data de nascimento,nascido,nascida,nasci,geboortedatum,geboren op,geboorte,urodzenia,data urodzenia,urodzony,urodzona,ur,fodelsedatum,fodd,fodt,fodselsdato,\
        syntymaaika,syntynyt,рождения,дата рождения,родился,родилась,जन्म,जन्मतिथि,जन्मदिन,生年月日,生日,출생,생년월일,dogum,dogum tarihi,narozen,szuletett,birth date,\
        born on,narozena,datum narozeni,szuletesi datum,syntymapaiva,nascut,nascuta,rodena,rodenja,seinengappi,tanjobi,fodselsdag,cumpleanos,compleanno,γεννηθηκε,γεννηθηκα,urodzilem,urodzilam,narodil,narodila,szulettem,γεννησησ,народився,народилася,народження"),
    (Clue::CardCode, "cvv,cvc,cvv2,cvc2,cvn,security code,card code,cryptogramme,prufziffer,codigo de seguridad,codice di sicurezza,code de securite,kartenprufnummer"),
    (Clue::Card, "card number,credit card,debit card,card no,kreditkarte,kreditkartennummer,kartennummer,carte bancaire,numero de carte,tarjeta,tarjeta de credito,carta di credito,cartao,cartao de credito,karty,kaartnummer,creditcard,cb,visa,mastercard,amex,maestro,card ending"),
    (Clue::Account, "account number,acct number,account no,bank account,kontonummer,konto,bankverbindung,rekeningnummer,numero de cuenta,numero de compte,numero conto,sort code,routing number,routing,aba,bankleitzahl,blz,rachunku,numer konta,clabe,口座番号,口座"),
    (Clue::Password, "your code,dein code,ihr code,votre code,ton code,jouw code,je code,uw code,din kod,twoj kod,vas kod,einmalpasswort,einmalkennwort,password,passwd,passphrase,passcode,pwd,passwort,kennwort,wachtwoord,senha,contrasena,mot de passe,motdepasse,haslo,losenord,passord,adgangskode,salasana,pin,otp,tan,one time code,verification code,verification,security pin,login code,\
        one time password,auth code,sms code,access code,bestatigungscode,verifizierungscode,codigo de verificacion,codice di verifica,code de verification,verificatiecode,kod weryfikacyjny,passwordis,пароль,код,parola,sifre,पासवर्ड,비밀번호,パスワード,mdp,clave,2fa code,authentication code,pincode,geheimzahl,codigo,einmalcode,\
        heslo,jelszo,geslo,lozinka"),
    (Clue::Axis, "lat,latitude,lon,lng,longitude,breitengrad,langengrad,latitud,longitud,latitudine,longitudine,緯度,経度,위도,경도,широта,долгота"),
    (Clue::Place, "gps,coordinates,coords,coordinate,geo,geolocation,location,located,position,koordinaten,standort,coordonnees,coordenadas,ubicacion,posizione,coordinaten,locatie,wspolrzedne,koordinater,координаты,緯度,座標,latlng"),
    (Clue::Token, "token,api key,apikey,secret,bearer,session,session id,sessionid,access key,secret key,private key,jwt,reset code,invite code,invitation code,auth token,credentials,access token,refresh token,reset token"),
    (Clue::Postcode, "cp,plz,postleitzahl,postcode,post code,code postal,codigo postal,codice postale,postal code,zip code,zipcode,cep,postnummer,kod pocztowy,postinumero"),
    (Clue::Network, "visitor,visiteur,visitante,besucher,rechner,blocked,banned,angriff,anmeldung,connexion,ip,ip address,ipv,ips,adresse ip,ip adresse,address,addr,host,server,client,remote,from,peer,subnet,gateway,dns,login from,direccion ip,indirizzo ip"),
    (Clue::Version, "ios,ipados,macos,android,windows,java,python,php,node,mysql,wordpress,v,ver,version,versions,build,release,released,firmware,upgrade,upgraded,sdk,patch,update,updated,driver,app,kernel,software,versionsnummer,version logicielle,versie,wersja,versao,versione,rev,revision,section,chapter,chrome,chromium,edge,safari,firefox,opera,brave,electron,oid,nightly,kapitel,abschnitt,バージョン,版本,версия,संस्करण,rc,beta,assembly"),
    (Clue::Thing, "order,orders,bestellung,bestellnummer,bestell,auftrag,auftragsnummer,commande,pedido,ordine,encomenda,bestelling,bestelnummer,zamowienie,zamowienia,bestallning,ordernummer,ordrenummer,invoice,rechnung,rechnungsnummer,facture,factura,fattura,fatura,factuur,faktura,faktury,\
        sku,ean,isbn,gtin,upc,asin,mpn,article,artikel,artikelnummer,artikelnr,art,item,product,produkt,produit,producto,prodotto,produto,model,modell,modele,serial,tracking,sendung,sendungsnummer,sendungsverfolgung,colis,envio,spedizione,paczka,parcel,shipment,awb,ticket,case,reference,ref,referenz,\
        booking,buchung,reservation,reserva,prenotazione,transaction,transaktion,receipt,quote,po,purchase,batch,lot,issue,pr,commit,build number,price,preis,prix,precio,prezzo,preco,prijs,cena,pris,total,sum,summe,amount,betrag,montant,importe,qty,quantity,\
        timestamp,epoch,unix,campaign,coupon,voucher,gutschein,gift,campaignid,line,lines,row,rows,page,seite,port,error,code,views,followers,stock,population,size,width,height,注文,注文番号,订单,订单号,주문,주문번호,заказ,заказа,ऑर्डर,siparis,rma,contract,customer number,kundennummer,customer no,ident"),
];
