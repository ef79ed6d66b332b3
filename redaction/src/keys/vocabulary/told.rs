//! The words of keys, and what they hold.

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
pub(super) const TOLD_WORDS: &[(Told, &str)] = &[
    told(Kind::Email, Shape::Address, "email,e mail,emailaddress,emailaddr,emailadresse,mailaddress,mail address,login hint,epost,e post,\
        epostadress,e postadress,courriel,email adresse,useremail,adresse mail,adresse email,correo electronico,correoelectronico,\
        posta elettronica,adres email,adresemail,emailid,メールアドレス,メール,почта,邮箱,电子邮件,이메일,ईमेल,\
        eposta,e posta,mailadres,mailadresse,adres mail,adres e mail,emailova adresa,emailcim,email cim,sahkoposti,sahkopostiosoite,endereco de email,direccion de correo,\
        indirizzo email,indirizzo mail,surel,elpastas,epasts,ηλεκτρονικο ταχυδρομειο,البريد الإلكتروني,אימייל,อีเมล"),
    told(Kind::Email, Shape::Mail, "mail,correo,posta,poczta"),

    told(Kind::Password, Shape::Any, "password,passwd,passphrase,passcode,pwd,passwort,kennwort,wachtwoord,senha,contrasena,mot de passe,\
        motdepasse,mdp,haslo,losenord,adgangskode,passord,salasana,palavra passe,palavra chave,clave de acceso,parola d ordine,passwordhash,\
        security answer,secret answer,pass confirm,pass confirmation,confirm pass,user pass,login pass,security question answer,userpass,пароль,パスワード,密码,密碼,비밀번호,पासवर्ड,parola,sifre,\
        heslo,jelszo,geslo,zaporka,lozinka,parole,slaptazodis,parool,kodeord,kata sandi,mat khau,mima,pasuwado,κωδικοσ προσβασησ,סיסמה,كلمة المرور,รหัสผ่าน"),
    told(Kind::Password, Shape::Pass, "pass,clave,pw"),
    told(Kind::Password, Shape::Pin, "pin,pincode,pin code,pinnumber,geheimzahl,暗証番号"),
    told(Kind::Password, Shape::Code, "otp,totp,mfa,mfacode,2fa,tan,one time code,verification code,verificationcode,sms code,smscode,auth code,\
        onetimecode,one time password,otpcode,confirmation code,passkey,backup code,recovery code,bestatigungscode,codigo de verificacion,\
        kod sms,sms kod,kod weryfikacyjny,dogrulama kodu,onay kodu,overovaci kod,verifieringskod,bekraftelsekode,vahvistuskoodi,codice di verifica,code de verification,\
        verificatiecode,einmalcode,einmalpasswort,codigo de verificacao,codigo de confirmacao,codigo de confirmacion,codigo de acceso,codigo de seguranca,code de confirmation,\
        engangskod,engangskode,kertakayttokoodi,код подтверждения,κωδικοσ επαληθευσησ,dogrulama kodunuz,fa code"),

    told(Kind::CardCode, Shape::Digits(3), "ccv,ccv2,cvv,cvc,cvv2,cvc2,cvn,security code,securitycode,card code,card verification,codigo de seguridad,code de securite,\
        cryptogramme,prufziffer,codice di sicurezza,\
        kartenprufnummer,veiligheidscode,kod bezpieczenstwa,guvenlik kodu,sakerhetskod,sikkerhedskode,codigo seguridad,codice sicurezza,code securite"),
    told(Kind::CardCode, Shape::Pin, "csc,cid"),
    told(Kind::Card, Shape::Digits(12), "card,cardnumber,cardno,creditcard,debitcard,ccnumber,ccnum,cc,pan,card num,kreditkarte,kreditkartennummer,kartennummer,\
        carte bancaire,numero de carte,numero carte,tarjeta,numero de tarjeta,carta di credito,numero carta,cartao,numero do cartao,\
        numer karty,kaartnummer,creditcardnummer,kortnummer,カード番号,\
        card no,kart numarasi,kart no,cislo karty,kartyaszam,korttinumero,numar card,numero tarjeta,numero cartao,nr karty,номер карты"),

    told(Kind::NationalId, Shape::Digits(4), "driver s license,driver s licence,תעודת זהות,ssn,tax number,taxnumber,social security,socialsecurity,socialsecuritynumber,national id,nationalid,national insurance,nationalinsurance,tax id,taxid,\
        passport,passportnumber,passportno,passeport,pasaporte,reisepass,passaporto,passaporte,paspoort,paszport,ausweis,personalausweis,\
        ausweisnummer,identity number,id number,idnumber,identity card,identitycard,id card,document number,documentnumber,\
        numero de documento,numero documento,driver license,drivers license,driving licence,driver licence,drivers licence,driving license,license number,\
        licence number,driverslicense,drivinglicence,fuhrerschein,permis de conduire,permis conduire,aadhaar card,aadhar card,carte identite,numero carte identite,fuhrerscheinnummer,social insurance,numero de securite sociale,\
        securite sociale,seguridad social,medicare,medicare number,voter id,aadhaar,aadhar,personal id,personalid,idnr,national number,citizen id,citizenid,\
        government id,身份证,身份证号,マイナンバー,住民登録番号,주민등록번호,आधार,паспорт,residencenumber,resident id,patient id number,nin,\
        pan no,panno,pancard,pan card,pan number,pannumber,permanent account,permanent account number,uidai,national identity,identity no,mykad,ktp,ic number,ic no,cccd,cmnd,passi,\
        passin numero,pasaport,pasaport no,utlevel,utlevelszam,cislo pasu,obcansky prukaz,cislo op,szemelyi szam,szemelyi igazolvany,taj szam,adoszam,adoazonosito,tc kimlik no,\
        tc no,tckimlik,kimlik,kimlik numarasi,vergi no,vergi numarasi,passnummer,passnr,pasnummer,pass number,rijbewijs,rijbewijsnummer,korkort,korkortsnummer,forerkort,korekort,\
        ajokortti,prawo jazdy,dowod osobisty,numer dowodu,nr dowodu,seria dowodu,rijksregisternummer,rijksregister,registre national,carta d identita,carta identita,\
        patente di guida,documento identidad,documento de identidad,cni,carte d identite,carte identite,titre de sejour,carte vitale,identiteitskaart,identiteitsnummer,\
        bilhete de identidade,cartao de cidadao,cartao cidadao,titulo eleitor,cnh,versicherungsnummer,versichertennummer,krankenversichertennummer,kvnr,numero asegurado,nuss,\
        soins carte,health card,healthcard,health number,versicherten nr,personalausweisnummer,reisepassnummer"),
    told(Kind::NationalId, Shape::Digits(6), "cpf,cnpj,dni,bsn,nie,nif,nir,nino,nhs,nhsnumber,nhs number,sin,tfn,itin,tin,pesel,personnummer,personnr,person nr,steuer id,steuer identnr,steueridentnr,steuer ident nr,steuerid,steuernummer,\
        steueridentifikationsnummer,steuer identifikationsnummer,steueridnr,steuer nr,sozialversicherungsnummer,svnr,rvnr,sv nummer,numero fiscal,fiscal number,\
        tax file number,taxfilenumber,tax file,codice fiscale,codicefiscale,cod fiscale,codfiscale,burgerservicenummer,sofinummer,\
        numer pesel,nip,contribuinte,numero de contribuinte,numero de identificacao fiscal,social insurance number,insurance number,insee,secu,\
        numero secu,num secu,cpr,fodselsnummer,hetu,henkilotunnus,rodne cislo,oib,jmbg,cnp,egn,amka,αμκα,рнокпп,ипн,curp,rfc,\
        rut,cuil,cuit,cedula,tckn,tc kimlik,kimlik no,my number,mynumber,nric,fin number,rrn,hkid,id nummer,ahv,ahvnummer,emso,nas,\
        numero d assurance sociale,numero de seguridad social,personal number,personalnumber,personal code,isikukood,asmens kodas,kvittnr,\
        cprnr,cpr nummer,cpr nr,fodselsnr,fnr,person nummer,pers nr,persnr,ppsn,pps,pps no,pps number,steuerliche identifikationsnummer,steuerlicheidentifikationsnummer,\
        identifikationsnummer,tax identification,assurance sociale,rsa id,sa id,afm,personas kods,kennitala,avs,numero avs,embg,snils,inn,снилс,инн,jumin,teudat zehut,kojin bango,sfzh,個人番号,burger service nummer,\
        ird number,medicare no,nss,ruc,utr,niss,numero de utente,seguranca social,sotu,rodnecislo,rodne,birth number,sozialversicherungsnr,sozialversicherung,svnummer,ahv nr,ahvnr,\
        nas number,numero nas,егн,емшо,pis,pis pasep,rg"),
    told(Kind::NationalId, Shape::Digits(10), "pnr"),
    told(Kind::NationalId, Shape::Lettered, "pan,cf"),
    told(Kind::Iban, Shape::Digits(4), "iban,bban,routing,account number,accountnumber,accountno,account no,routing number,routingnumber,aba,sort code,sortcode,kontonummer,kontonr,konto nummer,\
        bankverbindung,rekeningnummer,numero de cuenta,numero conto,numero de compte,bank account,bankaccount,bankkonto,numer konta,\
        bankleitzahl,blz,clabe,cbu,ifsc account,acct number,acctnum,compte bancaire,cuenta bancaria,conto corrente,口座番号,\
        hesap no,hesap numarasi,cislo uctu,bankszamlaszam,szamlaszam,bankkontonummer,tilinumero,numero da conta,koza bango,kouza bango,nr konta,numer rachunku,nr rachunku,\
        broj racuna,cont bancar,conta bancaria,iban numarasi"),

    // In Turkish a mobile, in Portuguese a postcode, which has 8 digits.
    told(Kind::Phone, Shape::Digits(10), "cep"),
    told(Kind::Phone, Shape::Phone, "ruckrufnummer,faxnummer,festnetznummer,durchwahl,notrufnummer,privatnummer,phone,telephone,telefon,tel,mobile,mob,natel,telefonico,homephone,workphone,mobilephone,kontaktnummer,contactnummer,komorkowy,phonenumber,phoneno,phonenr,mobilenumber,mobileno,cellphone,cell,cellnumber,msisdn,whatsapp,fax,telefax,\
        telefonnummer,telefonnr,rufnummer,handy,handynummer,mobilnummer,mobil,mobiltelefon,mobilfunk,mobilfunknummer,festnetz,\
        telefono,numero de telefono,movil,celular,telefone,telemovel,numero de telefone,cellulare,numero di telefono,numtel,\
        telefoon,telefoonnummer,mobiel,gsm,telephone portable,numero de telephone,numerotelephone,portable,fixe,\
        numer telefonu,komorka,telefonnumer,numertelefonu,puhelin,puhelinnumero,mobilnr,tlf,tlfnr,telnr,telno,landline,\
        contact number,contactnumber,contact no,callback number,callback,sms to,sms number,viber,telegram phone,daytime number,recovery number,\
        電話,電話番号,携帯,携帯番号,手机,手机号,电话,手機,전화,전화번호,휴대폰,телефон,फोन,मोबाइल,\
        telefonni cislo,telefonne cislo,telefonszam,mobilszam,cep telefonu,cep tel,cep no,telefon numarasi,telefon no,tel no,gsm no,denwa,denwa bango,denwabango,keitai,\
        keitai bango,matkapuhelin,telefonnumber,telefonnumret,mobilnumret,mobiltelefonnummer,mobiltlf,mobilni telefon,telefoonnr,mobiel nummer,mobiele nummer,mobiele telefoon,meine nummer,mi numero,mio numero,fon,mon numero,mitt nummer,meu numero,mijn nummer,gsm nummer,telefonas,telefons,\
        telefoninumber,telefon mobil,numar de telefon,broj telefona,broj mobitela,mobitel,telefonska stevilka,tilefono,kinito,τηλεφωνο,κινητο,tlfn,numero tel,num telephone,num tel,\
        numero portable,numero movil,numero celular,numero cellulare,fone,nomor telepon,nomor hp,telepon,dien thoai,so dien thoai,sdt,shouji,shoujihao,dianhua,jeonhwa,\
        numer komorkowy,nr telefonu,nr tel,handynr,rufnr,cell no,mobile no,phone no,puh,телефона,هاتف,тел,נייד,мобильный,携帯電話,kontakttelefon,טלפון,โทรศัพท์"),

    told(Kind::BirthDate, Shape::BirthDate, "dob,birthday year,dob year,birthdate year,birthday date,geboortejaar,ne le,nee le,nato il,nata il,nacido el,nacida el,fecha nac,fec nac,fecnac,fechanac,fec nacimiento,fecnacimiento,data nasc,dt nasc,dtnasc,datanasc,dt nascimento,date naiss,datenaiss,\
        dt naissance,ddn,dt naiss,geb dat,gebdatum,geb datum,geb tag,data ur,dataur,fodselsdata,birth dt,birthdt,geboortedat,data nasc,birth,birthday,birthdate,dateofbirth,date of birth,birth date,born,bday,geburtsdatum,geburtstag,geboren,geb,gebdat,\
        date de naissance,datenaissance,naissance,datedenaissance,fecha de nacimiento,fechanacimiento,fecha nacimiento,nacimiento,data di nascita,datadinascita,data nascita,nascita,\
        data de nascimento,datanascimento,data nascimento,nascimento,geboortedatum,geboorte,data urodzenia,dataurodzenia,urodzenia,fodelsedatum,\
        fodselsdato,fodt,fodsel,syntymaaika,生年月日,誕生日,出生日期,出生,생년월일,дата рождения,जन्म,जन्मतिथि,birth year,year of birth,geburtsjahr,birthyear,datum narozeni,\
        narozeni,narozen,datum narodenia,szuletesi datum,szuletesi ido,szuletesi,szuletes,szuletett,szuletesnap,dogum tarihi,dogumtarihi,dogum gunu,dogum,seinengappi,tanjobi,\
        syntymapaiva,fodselsdag,fodelsedag,fodelsear,nasterii,data nasterii,rodenja,datum rodenja,rojstva,gimimo data,dzimsanas datums,sunniaeg,sunnikuupaev,gennisis,γεννησησ,\
        ημερομηνια γεννησησ,geboortedag,verjaardag,cumpleanos,compleanno,tanggal lahir,tgl lahir,ngay sinh,shengri,chusheng riqi,saengil,saengnyeonworil,born on,born at,date born,\
        дата народження,рождения,تاريخ الميلاد,תאריך לידה,วันเกิด,annee de naissance,ano de nacimiento,anno di nascita,ano de nascimento"),

    told(Kind::BirthDate, Shape::HouseNumber, "dob day,dob month,birth day,birth month,birthday day,birthday month,geburtsmonat,mois de naissance,mois naissance,mes de nacimiento,mes nacimiento"),
    told(Kind::BirthDate, Shape::Letters, "dob month,birth month,birthday month,geburtsmonat,mois de naissance,mois naissance,mes de nacimiento,mes nacimiento"),

    told(Kind::Name, Shape::Letters, "name first,name last,name given,name family,name middle,f name,l name,your name,ihr name,dein name,votre nom,tu nombre,su nombre,seu nome,jouw naam,uw naam,ditt namn,dit navn,twoje imie,first name,firstname,fname,last name,lastname,lname,full name,fullname,middle name,middlename,given name,givenname,family name,familyname,\
        surname,forename,maiden name,maidenname,mothers maiden,legal name,real name,preferred name,nick name of,vorname,nachname,familienname,geburtsname,\
        prenom,nom de famille,nomdefamille,nom complet,nom prenom,nom de naissance,apellido,nombre completo,nombre y apellidos,segundo apellido,primer apellido,cognome,nome completo,nome e cognome,sobrenome,apelido,\
        primeiro nome,ultimo nome,nome proprio,voornaam,achternaam,tussenvoegsel,volledige naam,nazwisko,imie i nazwisko,fornamn,efternamn,fornavn,etternavn,efternavn,\
        etunimi,sukunimi,user name,username,login name,loginname,customer name,customername,contact name,contactname,recipient name,recipientname,patient name,patientname,guest name,guestname,passenger name,passengername,\
        sender name,sendername,receiver name,receivername,rekeninghouder,buyer name,buyername,billing name,shipping name,delivery name,cardholder name,cardholdername,card holder name,holder name,account name,accountname,account holder,accountholder,kontoinhaber,\
        cardholder,card holder,name on card,nameoncard,karteninhaber,titular de la tarjeta,employee name,member name,student name,applicant name,traveler name,traveller name,\
        driver name,parent name,child name,spouse name,owner name,person name,client name,clientname,subscriber name,attendee name,billto name,shipto name,ship to name,bill to name,beneficiary name,contact person,\
        emergency contact,insured name,lead name,nombre del cliente,nom du client,nom client,nome cliente,nome do cliente,nombre cliente,kundenname,klantnaam,name of patient,उपनाम,姓名,氏名,お名前,名前,姓,名,이름,성명,фамилия,имя,отчество,नाम,ansprechpartner,kontaktperson,contactpersoon,persona de contacto,personne a contacter,persona di contatto,osoba kontaktowa,pessoa de contato,yhteyshenkilo,\
        jmeno,krestni jmeno,prijmeni,cele jmeno,priezvisko,krstne meno,vezeteknev,keresztnev,csaladnev,utonev,teljes nev,ad soyad,adsoyad,adi soyadi,soyad,soyadi,isim soyisim,\
        soyisim,shimei,onamae,myoji,xingming,seongmyeong,vollstandiger name,vollstandigername,vor und nachname,vor nachname,vorundnachname,rufname,madchenname,primer nombre,\
        segundo nombre,nombres,apellidos,apellido paterno,apellido materno,nombre apellidos,nombre apellido,nome de familia,nome sobrenome,nome cognome,prenoms,nom usage,\
        nom d usage,prenom nom,jeune fille,roepnaam,familienaam,voorletters,meisjesnaam,imie,imiona,drugie imie,nazwisko rodowe,fulde navn,fullt navn,fullstandigt namn,mellomnavn,\
        mellannamn,mellemnavn,etternamn,kutsumanimi,koko nimi,kokonimi,prenume,nume complet,nume de familie,prezime,ime i prezime,ime prezime,priimek,pavarde,uzvards,eesnimi,\
        perekonnanimi,onomateponymo,eponymo,επωνυμο,ονοματεπωνυμο,nama lengkap,nama depan,nama belakang,ho ten,ho va ten,прізвище,ім я,フリガナ,ふりがな,nom famille,nume familie,adiniz,soyadiniz,adiniz soyadiniz,familiya,фио,fio,الاسم الكامل,اسم العائلة,שם פרטי,\
        שם משפחה,นามสกุล,second name,birth name,nom naissance,nom utilisateur,nom d utilisateur,nombre usuario,nombre de usuario,nome utente,nome usuario,nome de usuario,nome do usuario,nome utilizador,nome de utilizador,gebruikersnaam,benutzername,nutzername,nazwa uzytkownika,anvandarnamn,brukernavn,brugernavn"),
    // The name of a login is any word.
    told(Kind::Name, Shape::Login, "user name,username,login name,loginname,nom utilisateur,nom d utilisateur,nombre usuario,nombre de usuario,nome utente,nome usuario,nome de usuario,nome do usuario,nome utilizador,nome de utilizador,gebruikersnaam,benutzername,nutzername,nazwa uzytkownika,anvandarnamn,brukernavn,brugernavn"),
    told(Kind::Name, Shape::Person, "nom,nombre,nome,naam,namn,navn,nimi,nume,ime,nama,nev,isim,ονομα,име,vards,vardas,display name,displayname,patient,passenger,cardowner,recipient,beneficiary,guest,holder,empfanger,destinataire,\
        destinatario,titular,titulaire,intestatario,customer,client,cliente,kunde,klant,user,person,sender,traveler,traveller,attendee,assignee,insured,applicant,spouse,nextofkin,next of kin,\
        ansprech,contact,owner,buyer,employee,member,subscriber"),

    told(Kind::Ip, Shape::Ip, "ip,ipaddress,ipaddr,ip address,ipadresse,ip adresse,client ip,clientip,remote addr,remoteaddr,forwarded for,ipv,userip,host,address,peer"),
    told(Kind::Mac, Shape::Mac, "mac,macaddress,mac address,macaddr,bssid,bluetooth,ethernet,hwaddr"),
    told(Kind::Postcode, Shape::Postcode, "zip,zipcode,zip code,postcode,post code,postalcode,postal code,postal,plz,postleitzahl,code postal,codepostal,codigo postal,codigopostal,cep,\
        codice postale,codicepostale,postcode huis,kod pocztowy,kodpocztowy,postnummer,postnr,pincode,pin code,eircode,postinumero,psc,\
        郵便番号,邮编,邮政编码,우편번호,индекс,पिनकोड,postzahl,cp,zip city,postcode city,postal code city,zip plus,codigo de postal,\
        avviamento postale,posta kodu,postakodu,yubin bango,yubinbango,smerovaci cislo,smerovacie cislo,iranyitoszam,postikoodi,pasto kodas,pasta indekss,sihtnumber,poskod,kodepos,\
        kode pos,ma buu dien,youbian,postanski broj,postna stevilka,cod postal,індекс,τ κ,codpostal,ταχυδρομικοσ κωδικασ,postal index,индекса,รหัสไปรษณีย์,الرمز البريدي,מיקוד"),
    // The English word is a limit, and the Italian one has five digits.
    told(Kind::Postcode, Shape::Digits(5), "cap"),
    told(Kind::Address, Shape::Street, "street,streetaddress,street address,streetname,street name,strasse,strassenname,str,rue,calle,rua,ulica,straat,straatnaam,gata,gatuadress,gatuadresse,address line,addressline,addr line,\
        adresszeile,ligne adresse,direccion linea,vej,katu,улица,住所,地址,주소,पता,收货地址,お届け先住所,ご住所,配送先住所,배송지,배송 주소,адрес доставки,адреса доставки,teslimat adresi,عنوان التوصيل,домашний адрес,straße,house name,flat,apartment,apt,numero civico,logradouro,complemento,bairro,\
        morada,domicilio,domicile,anschrift,wohnort adresse,residence address,home address,homeaddress,address street,residential address,\
        ulice,osoite,katuosoite,lahiosoite,jusho,juusho,sokak,cadde,mahalle,acik adres,utca,lakcim,voie,gade,gadenavn,viale,gatenavn,gateadresse,vejnavn,veiadresse,strada,odos,οδοσ,διευθυνση,jalan,\
        dizhi,juso,bydliste,miejsce zamieszkania,zamieszkania,woonadres,strasse hausnummer,strasse nr,strassehausnummer,adresszusatz,wohnadresse,privatadresse,hemadress,\
        bostadsadress,complement adresse,complement d adresse,strase,numero et rue,nom de rue,nome da rua,nombre de calle,nome via,ulica i numer,straat en huisnummer,العنوان,כתובת,\
        ที่อยู่,番地,вулиця,toimitusosoite"),
    // The English word is a way.
    told(Kind::Address, Shape::Titled, "via"),
    told(Kind::Address, Shape::Postal, "anschrift,street,rue,morada,domicilio,domicile,woonadres,wohnadresse,hemadress,lakcim,osoite,wohnanschrift,address,addr,adresse,adress,adres,direccion,indirizzo,endereco,адрес,lieferadresse,rechnungsadresse,adresse de livraison,shipping to,deliver to,ship to,bill to,shipto,billto,\
        adresa,alamat,naslov,dia chi,adresi,adresas,adrese,aadress,adresse postale,адреса,cim,szallitasi cim,direccion postal,indirizzo postale,endereco postal"),
    told(Kind::Address, Shape::HouseNumber, "house number,housenumber,hausnummer,hausnr,huisnummer,numero de calle,numero de rue,street number,streetnumber,house no,houseno,building number,husnummer,numer domu,unit number,apartment number"),

    told(Kind::Coordinates, Shape::Decimal, "lat,latitude,lon,lng,longitude,breitengrad,langengrad,latitud,longitud,latitudine,longitudine,geolat,geolng,geolon,latlng,latlon,latlong,lnglat,lonlat,\
        lat lng,lat lon,lat long,gps,geo,geolocation,geoposition,geopoint,geohash point,coords,coord,coordinate,coordinates,geo coordinates,koordinaten,coordonnees,coordenadas,coordinate gps,szerokosc,dlugosc,緯度,経度,纬度,经度,위도,경도,широта,долгота,\
        enlem,boylam,ido,keido,zemepisna sirka,zemepisna delka,szelesseg,hosszusag,leveysaste,pituusaste,breddgrad,langdgrad,lengdegrad,latitude longitude,πλατοσ,μηκοσ"),
    // Words for measures, too.
    told(Kind::Coordinates, Shape::Exact, "breite,lange,long"),
    told(Kind::Coordinates, Shape::Precise, "position,location,loc,long,standort,ubicacion,posizione,place,point,center,ll,sll,near,origin,destination,daddr,saddr"),

    told(Kind::Token, Shape::Credentials, "authorization,proxy authorization,www authenticate"),
    told(Kind::Secret, Shape::Key, "api key,apikey,api schlussel,api schluessel,apischlussel,cle api,clave api,chiave api,secret,private key,privatekey,access key,accesskey,access key id,secret key,secretkey,credential,client secret,clientsecret,app secret,appsecret,consumer key,\
        encryption key,encryptionkey,signing key,signingkey,master key,webhook secret,api secret,apisecret,subscription key,service key,license key,licensekey,account key,accountkey,shared key,sharedaccesskey,storage key,auth key,authkey,\
        client key,admin key,geheimnis,seed phrase,mnemonic,recovery phrase,connection string,connectionstring,sastoken,\
        cle api,cle secrete,clave api,clave secreta,chiave api,chiave segreta,chave api,chave secreta,api schlussel,api sleutel,klucz api,klic api,api anahtari,gizli anahtar,\
        api nyckel,geheimer schlussel"),
    told(Kind::Token, Shape::Key, "token,jwt,bearer,accesstoken,authtoken,idtoken,refreshtoken,csrftoken,sessiontoken,resettoken,id token,one time token,ott,magiclink token,invitetoken"),
    told(Kind::Token, Shape::Loose, "session,sessionid,phpsessid,jsessionid,aspsessionid,asp session,asp net sessionid,sessid,sess,sid,auth,oauth,oauth verifier,csrf,xsrf,csrfmiddlewaretoken,reset,invite,invitation,magic,signature,sig,hmac,\
        nonce,ticket granting,saml response,samlresponse,saml request,samlrequest,assertion,auth ticket,access ticket,code verifier,code challenge,confirmation token,activation,activation code,activation key,\
        invite code,invitecode,invitation code,reset code,resetcode,reset key,verify,verification,verification key,verifier,confirm,confirmation key,magic link,magiclink,unsubscribe,unsubscribe id,\
        auth code,authorization code,authcode,login key,login code,remember,remember me,rememberme,device token,devicetoken,push token,fcm token,security stamp,share key,sharekey,access code,accesscode,connect sid,asp net core session,identity cookie,\
        jeton,password reset,sitzung,sitzungsid,sitzungstoken,sessie,sesion,sessione,sessao,oturum,relace,munkamenet,istunto,net session,net sessionid"),
    told(Kind::Token, Shape::Cookies, "cookie,set cookie,cookies"),
    told(Kind::Token, Shape::Random, "key,code,state,hash,ticket,k,t,s,h,otc,tk,tok,h2,cred,grant,relaystate,relay state,link"),
];
